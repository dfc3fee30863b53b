// `tools/list`: the tools as a model reads them, without those that the policy hides.
import { z } from 'zod';
import { isHidden } from '../policy/decide.js';
import type { PolicyFile } from '../policy/load.js';
import { TOOLS } from './registry.js';
import type { Tool } from './tool.js';

export async function listTools(policy: PolicyFile) {
  return { tools: (await visibleTools(policy)).map(describeTool) };
}

export async function visibleTools(file: PolicyFile): Promise<readonly Tool[]> {
  const { policy } = await file.current();
  return TOOLS.filter(({ name }) => !isHidden(policy, name));
}

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
