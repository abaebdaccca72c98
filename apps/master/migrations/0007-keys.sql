-- Keys beside those of the master's folder and of the table mirror, rules about keys, and who may sign.

-- A key of a mirror or of the master. kind: 'pull' (a mirror pulls over SSH with it), 'push' (it
-- pushes with it), 'host' (a mirror's SSH server shows it), 'source' (the SSH server where others pull
-- from it shows it).
create table network_key (
  kind text not null,
  -- A mirror, or 'master'.
  owner text not null,
  -- As in authorized_keys: type and base64.
  public_key text not null,
  -- 'current', 'next' (announced, not yet used), 'old' (accepted until then), 'held' (seen or asked
  -- for in the place of the current one; counts only once somebody confirms it).
  state text not null,
  since text not null,
  until text,
  primary key (kind, owner, public_key)
);

-- Where a mirror lets its downstreams pull over SSH: ssh://USER@HOST[:PORT].
create table ssh_source (
  mirror text not null primary key references mirror (name),
  url text not null,
  host_key text not null
);

-- The network's texts on who may sign, each signed by a key that the one before allows.
create table signers_text (
  sequence bigint not null primary key,
  text text not null,
  issued_at text not null,
  issued_by text not null
);

-- The fingerprint of the key that a rule is about.
alter table access_rule add column key_print text;
