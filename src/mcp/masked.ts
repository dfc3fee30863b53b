// The last net: every text of a reply goes through it, whatever wrote it. What has been masked before stays as it is.
import type { Secrets } from '../output/secrets/secrets.js';
import { countMarks } from '../output/secrets/spans.js';

interface Content {
  uri: string;
  mimeType?: string;
  text?: string;
  blob?: string;
}
interface Result {
  content?: { type: string; text?: string }[];
  structuredContent?: Record<string, unknown>;
  /** Of a resource. */
  contents?: Content[];
  /** Of a task. */
  result?: Result;
}

/** A reply without secrets. That some were masked, and how many, is said once at its end. */
export async function maskedReply<T extends object>(secrets: Secrets, reply: T): Promise<T> {
  if (!secrets.active) return reply;
  const { contents, ...rest } = reply as Result;
  const masked = await secrets.maskAll(rest);
  return withCount(contents ? { ...masked, contents: await maskedContents(secrets, contents) } : masked) as T;
}

/** The parts of a resource. A blob was masked before it was encoded. */
function maskedContents(secrets: Secrets, contents: readonly Content[]): Promise<Content[]> {
  return Promise.all(
    contents.map(async ({ blob, ...part }) => ({
      ...(await secrets.maskAll(part)),
      ...(blob !== undefined && { blob }),
    })),
  );
}

function withCount(reply: Result): Result {
  if (reply.result) return { ...reply, result: withCount(reply.result) };
  const { content, contents, structuredContent } = reply;
  const count =
    countIn([...(content ?? []), ...(contents ?? [])]) || countMarks(JSON.stringify(structuredContent ?? ''));
  if (count === 0) return reply;
  const note = `${count} secret${count > 1 ? 's' : ''} masked; the owner of this machine can see the raw output.`;
  if (contents) {
    return { ...reply, contents: [...contents, { uri: contents[0]?.uri ?? '', mimeType: 'text/plain', text: note }] };
  }
  if (!content?.length) return reply;
  const last = content.at(-1);
  const told = [...content.slice(0, -1), { ...last, type: 'text', text: `${last?.text ?? ''}\n\n${note}` }];
  // Said in both forms: some clients show the model the data alone, others the text.
  const data = structuredContent && {
    ...structuredContent,
    note: [structuredContent.note, note].filter(Boolean).join(' '),
  };
  return { ...reply, content: told, ...(data && { structuredContent: data }) };
}

function countIn(parts: readonly { text?: string; blob?: string }[]): number {
  return parts.reduce((count, { text, blob }) => {
    return count + countMarks(text ?? (blob === undefined ? '' : Buffer.from(blob, 'base64').toString('latin1')));
  }, 0);
}
