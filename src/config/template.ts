// The commented configuration that a person begins with: every setting with its default, made of the table in
// settings.ts, and an example of every table.
import { configJsonSchema, settingSchema } from './json-schema.js';
import { SETTINGS, type SettingName, variableOf } from './settings.js';

const HEAD = `# Sidejob's configuration. Everything is here with its default; take away a "#" without a blank after it to change one.
# "sidejob config" shows what is in force, and why. Servers read this file when they start: restart your client.
# For an editor that knows schemas: "sidejob config schema > config.schema.json" in this folder, and in the first line:
#   #:schema ./config.schema.json
`;

/** Lines that begin with "#" and no blank are configuration, and valid as they stand. */
const EXAMPLES = `
# How long one call may wait, in seconds, by the beginning of the client's name. 0: answer at once.
#[wait]
#claude-ai = 200

# When a job has ended: a program that gets it as JSON on stdin, and a notification of the desktop.
#[on_finish]
#command = ["/usr/local/bin/tell-me", "sidejob"]
#timeoutSec = 30
#notify = false

# Which variables of the environment every CLI gets; "*" stands for any letters.
#[env]
#pass = ["HTTP*_PROXY"]
#drop = ["AWS_*"]
#set = { GIT_TERMINAL_PROMPT = "0" }

# One table for each CLI, here of one that is built in: docs/providers.md; of your own: docs/adding-a-provider.md.
#[providers.claude]
#command = "/usr/local/bin/claude"
#maxRunning = 2
#maxCostPerDay = 5.0
#args = ["--fallback-model", "sonnet"]
#env = { set = { CLAUDE_CONFIG_DIR = "/home/me/.claude-work" } }

# Several CLIs under one name, to be asked together: "sidejob run -p second-look …".
#[panels]
#second-look = ["claude:opus", "codex", "gemini > qwen"]
`;

/** The whole file. */
export function configTemplate(): string {
  const settings = Object.entries(SETTINGS).map(([name, { about, initial }]) => {
    const range = rangeOf(name as SettingName);
    return `\n# ${about}\n# ${[range, variableOf(name)].filter(Boolean).join('; ')}\n#${name} = ${toml(initial)}\n`;
  });
  return `${HEAD}${settings.join('')}${EXAMPLES}`;
}

/** What a setting accepts, in a few words: `1 to 1000`. */
export function rangeOf(name: SettingName): string {
  const { type, minimum, maximum, enum: words } = settingSchema(name);
  if (Array.isArray(words)) return words.map((word) => JSON.stringify(word)).join(', ');
  if (type === 'array') return 'a list';
  if (minimum === undefined) return 'a text';
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? `${minimum} or more`
    : `${minimum} to ${maximum}`;
}

/** A default, as TOML writes it. */
export function toml(value: number | string | readonly string[]): string {
  return Array.isArray(value) ? `[${value.map((each) => JSON.stringify(each)).join(', ')}]` : JSON.stringify(value);
}

/** The schema as it is published, as text. */
export function configSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
