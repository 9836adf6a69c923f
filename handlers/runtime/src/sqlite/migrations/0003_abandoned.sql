-- Claims in a row that ran out without a word: whoever worked was killed. They are no attempts.
ALTER TABLE jobs ADD COLUMN abandoned INTEGER NOT NULL DEFAULT 0;
