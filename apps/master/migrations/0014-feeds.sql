-- Feeds tell when mirrors were quarantined and let out again: two kinds of entries among many.
create index audit_action on audit (action, sequence);
