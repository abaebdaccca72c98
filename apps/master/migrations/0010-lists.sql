-- What the lists for clients need to know.

-- The repomd.xml of each repository of an archive as it was in a release, from the first time that
-- somebody asked; the older ones are the alternates of a metalink.
create table repomd (
  archive text not null references archive (name),
  -- The folder above repodata/, without slashes at its ends; empty is the archive's root.
  repository text not null,
  serial bigint not null,
  sha256 text not null,
  sha512 text not null,
  bytes bigint not null,
  -- Seconds since 1970, as the file's own revision says.
  modified bigint not null,
  primary key (archive, repository, serial)
);
