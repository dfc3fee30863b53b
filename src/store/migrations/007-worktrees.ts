// Jobs in a git worktree of their own. Times are milliseconds since 1970.
export const migration007 = `
-- What was asked for: 'committed', or 'with-changes' that were not; null for a job that works in the folder itself.
ALTER TABLE job ADD COLUMN isolate TEXT;
-- The worktree that it works in: the id of the job that it was made for. A conversation stays in its own.
ALTER TABLE job ADD COLUMN worktree TEXT;
CREATE INDEX job_worktree ON job (worktree) WHERE worktree IS NOT NULL;

-- Written before git is touched, and removed after everything else is: by it, whatever is half done can be found.
CREATE TABLE worktree (
  id        TEXT PRIMARY KEY,
  host      TEXT NOT NULL,
  -- The checkout that it was made from, and the repository.
  top       TEXT NOT NULL,
  commonDir TEXT NOT NULL,
  -- The folder of its jobs, below the top: '', or with a slash at its end.
  prefix    TEXT NOT NULL,
  branch    TEXT NOT NULL,
  -- The commit that it began from.
  base      TEXT NOT NULL,
  state     TEXT NOT NULL
    CHECK (state IN ('intended', 'made', 'applying', 'applied', 'merged', 'discarded', 'empty')),
  -- Where it is, and git's own folder of it; null before they are made.
  path      TEXT,
  admin     TEXT,
  -- The commit that holds what was done, once its job has ended, and how much that is.
  tip       TEXT,
  files     INTEGER,
  added     INTEGER,
  removed   INTEGER,
  -- How much of it is not in that commit.
  leftOut   INTEGER NOT NULL DEFAULT 0,
  -- The commit that the checkout has been given, and when.
  applied   TEXT,
  appliedAt INTEGER,
  -- 1: neither worktree nor branch are there any more.
  gone      INTEGER NOT NULL DEFAULT 0,
  createdAt INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX worktree_open ON worktree (state) WHERE state IN ('made', 'applying');
CREATE INDEX worktree_there ON worktree (createdAt) WHERE gone = 0;

CREATE TRIGGER audit_worktree AFTER UPDATE OF state ON worktree
  WHEN NEW.state <> OLD.state AND NEW.state IN ('applying', 'applied', 'discarded') BEGIN
  INSERT INTO audit (at, event, jobId, detail) VALUES (
    CAST(unixepoch('subsec') * 1000 AS INTEGER), NEW.state, NEW.id, json_object(
      'top', NEW.top, 'branch', NEW.branch, 'tip', NEW.tip, 'files', NEW.files));
END;
`;
