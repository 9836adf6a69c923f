-- Whether the views have ever held all that the journal had. Nobody knows it of those that are here
-- already: the projector finds out.
ALTER TABLE checkpoint ADD COLUMN built INTEGER NOT NULL DEFAULT 0 CHECK (built IN (0, 1));
