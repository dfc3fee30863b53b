// Groups: what one call asked of several CLIs, and the job that weighs their answers.
export const migration004 = `
CREATE TABLE grp (
  id        TEXT PRIMARY KEY,
  -- What was asked and got no job, as JSON: [{"provider", "code", "message"}].
  refused   TEXT NOT NULL DEFAULT '[]',
  createdAt INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE grp_member (
  groupId TEXT NOT NULL,
  jobId   TEXT NOT NULL,
  -- In the order asked, from 0.
  place   INTEGER NOT NULL,
  -- Random: in this order a judge reads the answers.
  blind   INTEGER NOT NULL,
  PRIMARY KEY (groupId, jobId)
) STRICT, WITHOUT ROWID;
CREATE INDEX grp_member_job ON grp_member (jobId);

-- The group that a job was recorded for. One that was joined is a member, too, and has another one here, or none.
ALTER TABLE job ADD COLUMN groupId TEXT;
-- 'judge': it weighs the answers of its group, and gets no place before all of its members have ended.
ALTER TABLE job ADD COLUMN role TEXT;
CREATE INDEX job_group ON job (groupId, seq) WHERE groupId IS NOT NULL;

-- A group goes with the last of its members.
CREATE TRIGGER grp_left AFTER DELETE ON job BEGIN
  DELETE FROM grp WHERE id IN (SELECT groupId FROM grp_member WHERE jobId = OLD.id)
    AND NOT EXISTS (SELECT 1 FROM grp_member WHERE groupId = grp.id AND jobId <> OLD.id);
  DELETE FROM grp_member WHERE jobId = OLD.id;
END;
`;
