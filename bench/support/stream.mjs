// Output as CLIs print it: mostly what tools have given, and now and then a word of the model's.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finalEvent, writeCli } from './fake-cli.mjs';

const WORDS = 'const value = await readPage(path, offset, limit); // a line of a file that some tool has read\\n';
/** What a tool call gives, on average of a session that reads files and runs tests. */
const TOOL_RESULT_BYTES = 8000;
const uuid = '135a92df-c5ef-40cc-99eb-661d92d4ca20';

const toolResult = WORDS.repeat(Math.ceil(TOOL_RESULT_BYTES / WORDS.length));
const claudeTurn = [
  `{"type":"assistant","message":{"id":"m","type":"message","role":"assistant","content":[{"type":"text","text":"Now the next file."}],"usage":{"input_tokens":11,"output_tokens":1}},"parent_tool_use_id":null,"session_id":"s","uuid":"${uuid}"}`,
  `{"type":"assistant","message":{"id":"m","type":"message","role":"assistant","content":[{"type":"tool_use","id":"t","name":"Read","input":{"file_path":"src/output/read.ts"}}],"usage":{"input_tokens":11,"output_tokens":1}},"parent_tool_use_id":null,"session_id":"s","uuid":"${uuid}"}`,
  `{"type":"user","message":{"role":"user","content":[{"tool_use_id":"t","type":"tool_result","content":"${toolResult}"}]},"parent_tool_use_id":null,"session_id":"s","uuid":"${uuid}"}`,
];
const geminiTurn = [
  '{"type":"message","timestamp":"2026-11-20T08:33:05.707Z","role":"assistant","content":"Now the ","delta":true}',
  '{"type":"message","timestamp":"2026-11-20T08:33:05.708Z","role":"assistant","content":"next file. ","delta":true}',
  '{"type":"tool_use","timestamp":"2026-11-20T08:33:05.709Z","tool_name":"read_file","tool_id":"t","parameters":{"file_path":"src/output/read.ts"}}',
  `{"type":"tool_result","timestamp":"2026-11-20T08:33:05.710Z","tool_id":"t","status":"success","output":"${toolResult}"}`,
];
const FINAL = {
  claude: finalEvent('forty-two'),
  gemini: '{"type":"result","timestamp":"2026-11-20T08:33:05.730Z","status":"success","stats":{}}',
};

/** Writes about `bytes` of turns into a file; returns its path. */
export async function writeTurns(folder, cli, bytes) {
  const turn = `${(cli === 'gemini' ? geminiTurn : claudeTurn).join('\n')}\n`;
  const path = join(folder, `turns-${cli}-${bytes}`);
  await writeFile(path, turn.repeat(Math.ceil(bytes / turn.length)));
  return path;
}

/**
 * A CLI that prints a prepared file many times over, as fast as the system copies it, then a final event, and notes the
 * time of its end in `folder/ended`. Prints on stderr what it printed on stdout first.
 */
export const printingCli = (folder, name, { file, times, stderr = file }) =>
  writeCli(
    folder,
    name,
    `#!/bin/sh
cat >/dev/null
head -c 1000000 '${stderr}' >&2
i=0
while [ $i -lt ${times} ]; do cat '${file}'; i=$((i+1)); done
echo '${FINAL[name]}'
date +%s%N >'${join(folder, 'ended')}'
`,
  );

/** A CLI that prints a prepared file again and again, until it is ended. */
export const streamingCli = (folder, name, { file, everySec }) =>
  writeCli(folder, name, `#!/bin/sh\ncat >/dev/null\nwhile :; do cat '${file}'; sleep ${everySec}; done\n`);
