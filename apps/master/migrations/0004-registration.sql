-- Operators register their own mirrors; the audit becomes a chain.

-- SHA-256 over the entry and the digest of the one before (audit/chain.ts); null only in entries of
-- before, which are chained when the database is next opened.
alter table audit add column digest text;

-- Why a mirror is in its state, and since when: of one that is paused, suspended or has left.
alter table mirror add column state_reason text;
alter table mirror add column state_at text;
-- What its operator said of it.
alter table mirror add column sponsor text;
alter table mirror add column bandwidth text;
-- The addresses that it pulls from, as a JSON list; null when it did not say.
alter table mirror add column addresses text;

-- An invitation: whoever has the token may register without a review. Good for one mirror.
create table invite (
  id text not null primary key,
  sha256 text not null,
  label text not null,
  -- The one name that may be registered with it; null for any.
  mirror text,
  created_at text not null,
  created_by text not null,
  expires_at text not null,
  -- When it was used, and for which mirror.
  used_at text,
  used_for text,
  revoked_at text
);

-- An operator's wish to have a mirror in the network. It becomes a mirror only when it is approved.
create table registration (
  id text not null primary key,
  mirror text not null,
  -- 'proving', 'review', 'approved', 'refused' or 'expired'.
  state text not null,
  -- Of a mirror that is known: it lost its disk, or its address changed.
  renewal bigint not null,
  -- What was asked for, as JSON (registry/registration-request.ts).
  request text not null,
  -- What must stand under the public URL.
  challenge text not null,
  invite text references invite (id),
  -- Digests of the two tokens that come into force with the approval: the agent's and the operator's.
  agent_token text not null,
  agent_sha256 text not null,
  operator_token text not null,
  operator_sha256 text not null,
  -- What was found at the last look, as JSON (registry/findings.ts); null before the first.
  findings text,
  checked_at text,
  created_at text not null,
  origin text not null,
  decided_at text,
  decided_by text,
  reason text
);

create index registration_mirror on registration (mirror, state);
create unique index registration_agent_token on registration (agent_token);
