// Jobs that several CLIs may answer, one after the other, and jobs that sleep until a limit is over.
export const migration005 = `
-- JSON, see chain.ts; null for a job of one CLI that does not wait for limits.
ALTER TABLE job ADD COLUMN chain TEXT;
-- Which of its runs this is, from 1: each run that really began has files of its own.
ALTER TABLE job ADD COLUMN run INTEGER NOT NULL DEFAULT 1;
-- No place before this time (milliseconds since 1970).
ALTER TABLE job ADD COLUMN notBefore INTEGER;
CREATE INDEX job_sleeping ON job (owner, notBefore) WHERE status = 'queued' AND notBefore IS NOT NULL;

-- Limits that ended a run, but not its job: the job's own row tells only of its last run.
CREATE TABLE account_limit (
  provider TEXT NOT NULL,
  loginKey TEXT NOT NULL,
  at       INTEGER NOT NULL,
  until    INTEGER NOT NULL,
  PRIMARY KEY (provider, loginKey)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_switched AFTER UPDATE OF run ON job WHEN NEW.run > OLD.run BEGIN
  INSERT INTO audit (at, event, jobId, detail) VALUES (
    json_extract(NEW.chain, '$.past[#-1].at'), 'switched', NEW.id, json_object(
      'provider', OLD.provider, 'model', OLD.model, 'reason', json_extract(NEW.chain, '$.past[#-1].reason'),
      'next', NEW.provider, 'nextModel', NEW.model, 'notBefore', NEW.notBefore));
END;
`;
