-- Whether the operators of a mirror agreed that everybody may see whom to write to.
alter table mirror add column contact_public integer not null default 0;
