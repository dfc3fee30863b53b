// Writes schemas/: the JSON Schemas of the files that people write, made of the schemas in src/ that check them.
import { writeFile } from 'node:fs/promises';
import { rolldown } from 'rolldown';

const build = await rolldown({ input: 'src/policy/dialect.ts', platform: 'node', checks: { pluginTimings: false } });
const { output } = await build.generate({ format: 'esm', codeSplitting: false });
const { policyJsonSchema } = await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
await writeFile('schemas/policy.schema.json', `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
