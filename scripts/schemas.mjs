// Writes schemas/: the JSON Schemas of the files that people write, made of the schemas in src/ that check them; and the
// table of settings in docs/configuration.md.
import { readFile, writeFile } from 'node:fs/promises';
import { rolldown } from 'rolldown';

/** One module with all that it needs. */
async function load(input) {
  const build = await rolldown({
    input,
    platform: 'node',
    resolve: { mainFields: ['module', 'main'] },
    checks: { pluginTimings: false },
  });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}

const { policyJsonSchema } = await load('src/policy/dialect.ts');
const { configJsonSchema } = await load('src/config/json-schema.ts');
for (const [name, schema] of Object.entries({ policy: policyJsonSchema(), config: configJsonSchema() })) {
  await writeFile(`schemas/${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`);
}

const { withSettingsTable } = await load('scripts/settings-table.ts');
const page = 'docs/configuration.md';
await writeFile(page, withSettingsTable(await readFile(page, 'utf8')));
