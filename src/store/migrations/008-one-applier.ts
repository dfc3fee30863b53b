// Only one at a time puts files into a checkout.
export const migration008 = `
-- The server that applies it this moment, or died while it did.
ALTER TABLE worktree ADD COLUMN applier TEXT;
CREATE INDEX worktree_applier ON worktree (top) WHERE applier IS NOT NULL;
`;
