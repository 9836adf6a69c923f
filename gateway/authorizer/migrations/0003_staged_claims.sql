-- How many requests staged a credential and may still commit its command. A refused one takes itself
-- back, and the last one takes the row along.

ALTER TABLE staged_credentials ADD COLUMN claims INTEGER NOT NULL DEFAULT 1;
