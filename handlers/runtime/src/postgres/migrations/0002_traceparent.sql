-- W3C trace context of the event that a job came of, so that the work shows in its trace.
ALTER TABLE jobs ADD COLUMN traceparent TEXT;
