// What keeps every question cheap however many jobs have ended: an index for each way in which jobs are listed, and
// the sums of a day.
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
