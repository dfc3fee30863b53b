// Jobs that have ended and whose `[on_finish]` was not run yet.
export const migration003 = `
CREATE TABLE finished (
  seq   INTEGER PRIMARY KEY,
  jobId TEXT NOT NULL
) STRICT;
`;
