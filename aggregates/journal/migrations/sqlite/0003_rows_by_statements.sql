-- The writer inserts rows into the tables, each kind by a statement of its own that is prepared once:
-- through the view, the parameters of a batch were copied three times, and each row ran five triggers.
DROP VIEW batch;
