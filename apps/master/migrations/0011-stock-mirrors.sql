-- How a stock ftpsync mirror is pushed and read, as JSON; null is the default, and of agents it is null.
alter table mirror add column stock text;
