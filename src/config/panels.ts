// `[panels]`: several CLIs that are asked together, under one name. What the names in it mean is not known here.
import { z } from 'zod';

/** As many as one call may ask. */
export const PANEL_MAX = 8;

const list = 'must be a list of CLIs: ["claude:opus", "codex"]';

/** Names of panels are any, so that there is no unknown key. */
export const PANELS = z
  .object({})
  .catchall(
    z
      .array(z.string(list).trim().min(1, 'an item is empty'), list)
      .min(1, 'is empty: name at least one CLI')
      .max(PANEL_MAX, `has more than ${PANEL_MAX} CLIs`),
  );

export type Panels = Readonly<Record<string, readonly string[]>>;
