// What keeps every question cheap however many jobs have ended: an index for each way in which jobs are listed, an index
// of their words, and the sums of a day.
export const migration006 = `
-- Lists are walks along one index, newest first, whatever they are narrowed to.
CREATE INDEX job_project_provider ON job (project, provider, seq);
CREATE INDEX job_ended ON job (status, seq) WHERE finishedAt IS NOT NULL;
CREATE INDEX job_unread_project  ON job (project, seq)  WHERE finishedAt IS NOT NULL AND readAt IS NULL;
CREATE INDEX job_unread_provider ON job (provider, seq) WHERE finishedAt IS NOT NULL AND readAt IS NULL;
CREATE INDEX job_unread_project_provider ON job (project, provider, seq)
  WHERE finishedAt IS NOT NULL AND readAt IS NULL;
-- The random part of an id, which people type alone.
CREATE INDEX job_tail ON job (substr(id, -8));

-- What may be removed, the oldest first. Two: unread jobs are kept for longer, and would stand before all the others.
DROP INDEX job_finished;
CREATE INDEX job_ended_read   ON job (finishedAt) WHERE finishedAt IS NOT NULL AND pinned = 0 AND readAt IS NOT NULL;
CREATE INDEX job_ended_unread ON job (finishedAt) WHERE finishedAt IS NOT NULL AND pinned = 0 AND readAt IS NULL;

-- Parts of words, in threes, for the search; the words themselves stand in the job. None of them ever changes.
CREATE VIRTUAL TABLE job_text USING fts5
  (id, cwd, label, content = 'job', content_rowid = 'seq', tokenize = 'trigram', detail = 'none');
INSERT INTO job_text (job_text) VALUES ('rebuild');
CREATE TRIGGER job_text_added AFTER INSERT ON job BEGIN
  INSERT INTO job_text (rowid, id, cwd, label) VALUES (NEW.seq, NEW.id, NEW.cwd, NEW.label);
END;
CREATE TRIGGER job_text_removed AFTER DELETE ON job BEGIN
  INSERT INTO job_text (job_text, rowid, id, cwd, label) VALUES ('delete', OLD.seq, OLD.id, OLD.cwd, OLD.label);
END;

-- The sums of the table "usage" without models and labels, of which a day may have as many as jobs.
CREATE TABLE usage_day (
  day             TEXT NOT NULL,
  provider        TEXT NOT NULL,
  jobs            INTEGER NOT NULL,
  inputTokens     REAL,
  outputTokens    REAL,
  cachedTokens    REAL,
  reasoningTokens REAL,
  costUsd         REAL,
  PRIMARY KEY (day, provider)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_day SELECT day, provider, sum(jobs), sum(inputTokens), sum(outputTokens), sum(cachedTokens),
    sum(reasoningTokens), sum(costUsd) FROM usage GROUP BY day, provider;
`;
