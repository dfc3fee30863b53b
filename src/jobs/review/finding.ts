// What a reviewer answers: findings, each at a line of a changed file.

/** The worst first. */
export const SEVERITIES = ['critical', 'major', 'minor', 'nit'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  /** Relative to the folder under review. */
  file: string;
  /** From 1, in the file as reviewed. */
  line: number;
  severity: Severity;
  claim: string;
  /** A quote. */
  evidence: string;
}

/** Every field required and nothing beside it: OpenAI's structured output takes no schema with less. */
export const FINDINGS_SCHEMA = {
  type: 'object',
  properties: {
    findings: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          file: { type: 'string', description: 'as the changes name it' },
          line: { type: 'integer', description: 'in the new file, as numbered' },
          severity: { type: 'string', enum: SEVERITIES },
          claim: { type: 'string', description: 'what goes wrong, and when' },
          evidence: { type: 'string', description: 'the code that shows it, quoted' },
        },
        required: ['file', 'line', 'severity', 'claim', 'evidence'],
        additionalProperties: false,
      },
    },
  },
  required: ['findings'],
  additionalProperties: false,
} as const;

/** How bad, from 0 (the worst). */
export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** A fixed order for findings, whoever reported them: by file, line, severity, words. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    compareTexts(a.file, b.file) ||
    a.line - b.line ||
    rankOf(a.severity) - rankOf(b.severity) ||
    compareTexts(a.claim, b.claim) ||
    compareTexts(a.evidence, b.evidence)
  );
}

/** By code units: the same on every machine. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
