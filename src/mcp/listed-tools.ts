// The tools as a model reads them. The build puts the value in place of this module (scripts/computed.mjs): clients list
// the tools with every start, and to make it takes all tools with what they are made of, 40 ms and 10 MB.
import { z } from 'zod';
import { TOOLS } from './registry.js';
import type { Tool } from './tool.js';

/** What `tools/list` shows where the policy hides nothing. */
export const LISTED_TOOLS = TOOLS.map(describeTool);

/** A tool as `tools/list` shows it. */
export function describeTool({ name, title, description, input, output, hints, meta }: Tool) {
  return {
    name,
    title,
    description,
    inputSchema: jsonSchema(input),
    ...(output && { outputSchema: jsonSchema(output) }),
    annotations: hints,
    ...(meta && { _meta: meta }),
  };
}

function jsonSchema(schema: z.ZodObject): { type: 'object' } {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest as { type: 'object' };
}
