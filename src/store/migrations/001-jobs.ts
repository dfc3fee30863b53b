// The first schema: servers, jobs, and kept counts. Times are milliseconds since 1970.
export const migration001 = `
CREATE TABLE server (
  id        TEXT PRIMARY KEY,
  host      TEXT NOT NULL,
  pid       INTEGER NOT NULL,
  pidStart  TEXT NOT NULL,
  startedAt INTEGER NOT NULL
) STRICT;

CREATE TABLE job (
  seq            INTEGER PRIMARY KEY,
  id             TEXT NOT NULL UNIQUE,
  kind           TEXT NOT NULL CHECK (kind IN ('async', 'deferred')),
  status         TEXT NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'canceled', 'orphaned')),
  provider       TEXT NOT NULL,
  model          TEXT,
  effort         TEXT,
  access         TEXT NOT NULL,
  systemPrompt   TEXT,
  outputSchema   TEXT,
  cwd            TEXT NOT NULL,
  label          TEXT,
  promptBytes    INTEGER NOT NULL,
  client         TEXT NOT NULL,
  project        TEXT,
  parentId       TEXT,
  chainId        TEXT NOT NULL,
  depth          INTEGER NOT NULL,
  sessionId      TEXT,
  resume         INTEGER NOT NULL,
  requestKey     TEXT NOT NULL,
  dedupeKey      TEXT,
  loginKey       TEXT NOT NULL,
  login          TEXT,
  priority       INTEGER NOT NULL,
  timeoutSec     REAL NOT NULL,
  idleTimeoutSec REAL,
  owner          TEXT NOT NULL REFERENCES server (id),
  attempt        INTEGER NOT NULL DEFAULT 0,
  placed         INTEGER NOT NULL DEFAULT 0,
  host           TEXT,
  pid            INTEGER,
  pidStart       TEXT,
  cause          TEXT,
  causeAt        INTEGER,
  causeNote      TEXT,
  signalSent     TEXT,
  reason         TEXT,
  exitCode       INTEGER,
  signal         TEXT,
  error          TEXT,
  hint           TEXT,
  resetsAt       INTEGER,
  usage          TEXT,
  usageTotal     TEXT,
  answerBytes    INTEGER,
  stdoutBytes    INTEGER,
  stderrBytes    INTEGER,
  createdAt      INTEGER NOT NULL,
  startedAt      INTEGER,
  finishedAt     INTEGER,
  readAt         INTEGER,
  joined         INTEGER NOT NULL DEFAULT 0,
  pinned         INTEGER NOT NULL DEFAULT 0,
  leftovers      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Small, whatever the history: only what is alive, or was not read yet, is in them.
CREATE INDEX job_active  ON job (status, owner)            WHERE finishedAt IS NULL;
CREATE INDEX job_placed  ON job (provider)                 WHERE placed = 1;
CREATE INDEX job_queue   ON job (priority DESC, seq)       WHERE status = 'queued';
CREATE INDEX job_unread  ON job (seq)                      WHERE finishedAt IS NOT NULL AND readAt IS NULL;
CREATE INDEX job_request ON job (requestKey, client)       WHERE readAt IS NULL;
CREATE INDEX job_dedupe  ON job (dedupeKey)                WHERE finishedAt IS NULL AND dedupeKey IS NOT NULL;
-- For lists, which are paged by seq.
CREATE INDEX job_project  ON job (project, seq);
CREATE INDEX job_provider ON job (provider, seq);
CREATE INDEX job_finished ON job (finishedAt) WHERE finishedAt IS NOT NULL AND pinned = 0;
CREATE INDEX job_leftovers ON job (seq) WHERE leftovers = 1;
CREATE INDEX job_chain    ON job (chainId, seq);
CREATE INDEX job_reset    ON job (provider, resetsAt) WHERE resetsAt IS NOT NULL;
CREATE INDEX job_started  ON job (provider, startedAt) WHERE startedAt IS NOT NULL;
CREATE INDEX job_session  ON job (sessionId) WHERE sessionId IS NOT NULL;

-- What jobs have used, by the local day (YYYY-MM-DD) on which they ended; '' for no model or label, and NULL where no
-- job has reported a figure. REAL: no sum that a CLI's figures make can overflow, and keep a job from ending.
CREATE TABLE usage (
  day             TEXT NOT NULL,
  provider        TEXT NOT NULL,
  model           TEXT NOT NULL,
  label           TEXT NOT NULL,
  jobs            INTEGER NOT NULL,
  inputTokens     REAL,
  outputTokens    REAL,
  cachedTokens    REAL,
  reasoningTokens REAL,
  costUsd         REAL,
  PRIMARY KEY (day, provider, model, label)
) STRICT, WITHOUT ROWID;

-- Jobs recorded, by the local day. Not counted from the jobs themselves: those may be removed on the same day.
CREATE TABLE accepted (
  day      TEXT NOT NULL,
  provider TEXT NOT NULL,
  jobs     INTEGER NOT NULL,
  PRIMARY KEY (day, provider)
) STRICT, WITHOUT ROWID;

-- Kept counts: a count over the history would cost more each day.
CREATE TABLE tally (
  status TEXT PRIMARY KEY,
  jobs   INTEGER NOT NULL DEFAULT 0,
  -- Output of jobs in this state, as counted when they ended.
  bytes  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO tally (status) VALUES ('queued'), ('running'), ('completed'), ('failed'), ('canceled'), ('orphaned');
CREATE TRIGGER job_counted AFTER INSERT ON job BEGIN
  UPDATE tally SET jobs = jobs + 1 WHERE status = NEW.status;
END;
CREATE TRIGGER job_recounted AFTER UPDATE OF status ON job WHEN OLD.status <> NEW.status BEGIN
  UPDATE tally SET jobs = jobs - 1 WHERE status = OLD.status;
  UPDATE tally SET jobs = jobs + 1, bytes = bytes + coalesce(NEW.stdoutBytes, 0) + coalesce(NEW.stderrBytes, 0)
    WHERE status = NEW.status;
END;
CREATE TRIGGER job_uncounted AFTER DELETE ON job BEGIN
  UPDATE tally SET jobs = jobs - 1, bytes = bytes - coalesce(OLD.stdoutBytes, 0) - coalesce(OLD.stderrBytes, 0)
    WHERE status = OLD.status;
END;
`;
