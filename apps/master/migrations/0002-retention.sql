-- What retention needs to know.

-- When the pushes of an old release were deleted; null while they are all there.
alter table release add column pruned_at text;

-- When the last report from this state folder was taken.
alter table report_cursor add column taken_at text;
