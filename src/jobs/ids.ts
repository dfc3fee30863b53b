// Ids: short, telling the provider of a job, and easy to read aloud: `codex-7f3k9m2q`.
import { randomBytes } from 'node:crypto';

/** Crockford's base 32: no i, l, o, u, so nothing is mistaken for something else. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A new id: a job's provider (or `ok` for an approval) and eight random characters (40 bits); the store refuses a second one. */
export function newId(prefix: string): string {
  const random = [...randomBytes(8)].map((byte) => ALPHABET[byte % 32]).join('');
  return `${prefix}-${random}`;
}

/** What somebody typed, as it would stand in an id: lower case, with Crockford's look-alikes put right. */
export function normalizeId(text: string): string {
  const id = text.trim().toLowerCase();
  const dash = id.lastIndexOf('-');
  const tail = id
    .slice(dash + 1)
    .replace(/[il]/g, '1')
    .replaceAll('o', '0');
  return id.slice(0, dash + 1) + tail;
}
