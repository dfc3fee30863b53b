// The JSON Schema of config.toml, for editors that complete and check TOML. Made of the schemas that read the file.
import { z } from 'zod';
import { WAITS } from './config.js';
import { ON_FINISH } from './on-finish.js';
import { PANELS } from './panels.js';
import { ENV_RULES, PROVIDER_SETTINGS } from './provider-settings.js';
import { SETTINGS, variableOf } from './settings.js';

/** What is said of each table. */
export const TABLES = {
  wait: [WAITS, 'Seconds that one call may wait, by the beginning of the name of the client; 0: no wait.'],
  on_finish: [ON_FINISH, 'What is done when a job has ended.'],
  env: [ENV_RULES, 'Which variables of the environment every CLI gets.'],
  providers: [z.record(z.string(), PROVIDER_SETTINGS), 'One table for each CLI, built in or of your own.'],
  panels: [
    PANELS,
    'CLIs that are asked together, by one name: second-look = ["claude:opus", "codex", "gemini > qwen"].',
  ],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

type JsonSchema = Record<string, unknown>;

/** The JSON Schema of one setting: what it accepts. */
export function settingSchema(name: keyof typeof SETTINGS): JsonSchema {
  return bare(SETTINGS[name].schema);
}

/** The JSON Schema of the whole file, as it is published. */
export function configJsonSchema(): JsonSchema {
  const settings = Object.entries(SETTINGS).map(([name, { about, initial }]) => [
    name,
    {
      ...settingSchema(name as keyof typeof SETTINGS),
      description: `${about} Variable: ${variableOf(name)}.`,
      default: initial,
    },
  ]);
  const tables = Object.entries(TABLES).map(([name, [schema, description]]) => [
    name,
    { ...bare(schema), description },
  ]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Sidejob configuration',
    description: "Sidejob's config.toml.",
    type: 'object',
    properties: Object.fromEntries([...settings, ...tables]),
    additionalProperties: false,
  };
}

function bare(schema: z.ZodType): JsonSchema {
  // What comes out, because what goes in may be a text for everything: a variable's. What has a default may be absent.
  const { $schema, ...json } = z.toJSONSchema(schema, {
    io: 'output',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodObject && jsonSchema.required) {
        const { shape } = zodSchema;
        const needed = jsonSchema.required.filter((key) => !(shape[key] instanceof z.ZodDefault));
        if (needed.length > 0) jsonSchema.required = needed;
        else delete jsonSchema.required;
      }
    },
  });
  return json;
}
