// Named counters, approvals, and the audit's outbox. Times are milliseconds since 1970.
export const migration002 = `
-- What was taken of a counter, in slots of a sixtieth of each span; see counters.ts.
CREATE TABLE counter (
  name  TEXT NOT NULL,
  scope TEXT NOT NULL,
  span  TEXT NOT NULL CHECK (span IN ('minute', 'hour', 'day')),
  slot  INTEGER NOT NULL,
  taken INTEGER NOT NULL,
  PRIMARY KEY (name, scope, span, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE approval (
  seq       INTEGER PRIMARY KEY,
  id        TEXT NOT NULL UNIQUE,
  key       TEXT NOT NULL,
  state     TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'used', 'expired')),
  tool      TEXT NOT NULL,
  rule      TEXT NOT NULL,
  reason    TEXT,
  shown     TEXT NOT NULL,
  client    TEXT NOT NULL,
  project   TEXT,
  createdAt INTEGER NOT NULL,
  expiresAt INTEGER NOT NULL,
  decidedAt INTEGER,
  -- What the person said.
  answer    TEXT
) STRICT;
-- One at a time for one call, whatever servers race.
CREATE UNIQUE INDEX approval_open ON approval (key) WHERE state IN ('pending', 'approved', 'denied');
CREATE INDEX approval_ended ON approval (expiresAt);

-- Lines that are not in audit.log yet. AUTOINCREMENT: a number is never given twice, though rows go.
CREATE TABLE audit (
  seq    INTEGER PRIMARY KEY AUTOINCREMENT,
  at     INTEGER NOT NULL,
  event  TEXT NOT NULL,
  jobId  TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
-- By triggers, so that no way in which a job changes can forget its line. Nothing of the prompt, the answer, the label
-- or an error is in them: those are free texts, and may hold anything.
CREATE TRIGGER audit_accepted AFTER INSERT ON job BEGIN
  INSERT INTO audit (at, event, jobId, detail) VALUES (NEW.createdAt, 'accepted', NEW.id, json_object(
    'kind', NEW.kind, 'provider', NEW.provider, 'model', NEW.model, 'access', NEW.access, 'cwd', NEW.cwd,
    'client', NEW.client, 'project', NEW.project, 'depth', NEW.depth, 'parentId', NEW.parentId, 'login', NEW.login,
    'promptBytes', NEW.promptBytes));
END;
CREATE TRIGGER audit_started AFTER UPDATE OF status ON job WHEN NEW.status = 'running' AND OLD.status <> 'running' BEGIN
  INSERT INTO audit (at, event, jobId, detail) VALUES (NEW.startedAt, 'started', NEW.id, json_object(
    'provider', NEW.provider, 'attempt', NEW.attempt, 'pid', NEW.pid,
    'waitedMs', max(0, NEW.startedAt - NEW.createdAt)));
END;
CREATE TRIGGER audit_ended AFTER UPDATE OF finishedAt ON job
  WHEN NEW.finishedAt IS NOT NULL AND OLD.finishedAt IS NULL BEGIN
  INSERT INTO audit (at, event, jobId, detail) VALUES (NEW.finishedAt, 'ended', NEW.id, json_object(
    'provider', NEW.provider, 'model', NEW.model, 'status', NEW.status, 'reason', NEW.reason, 'cause', NEW.cause,
    'exitCode', NEW.exitCode, 'signal', NEW.signal, 'ranMs', max(0, NEW.finishedAt - NEW.startedAt),
    'stdoutBytes', NEW.stdoutBytes, 'usage', NEW.usage));
END;
`;
