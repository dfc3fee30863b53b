// What a reviewer has answered, without what cannot be: files that are not under review, lines that they do not have.
import { posix } from 'node:path';
import { isObject } from '../../providers/json.js';
import { type Finding, rankOf, SEVERITIES } from './finding.js';

/** Of one reviewer; the worst are kept. */
const FINDINGS_MAX = 300;

/** What was reviewed, as it was then: kept with each job, so that its findings can be judged at any time. */
export interface ReviewScope {
  /** Of this very review: the same changes, and the same request. */
  id: string;
  /** Absolute; files are named from it. */
  folder: string;
  /** What the changes are against, in words. */
  against: string;
  /** How many lines each changed file has; of one that was deleted, how many it had. */
  files: Readonly<Record<string, number>>;
  /** Files that were named, but not shown, or not whole. */
  notShown: number;
}

export interface Checked {
  findings: Finding[];
  /** Findings that were dropped: no such file under review, or no such line in it. */
  dropped: number;
  /** Beyond what is kept of one reviewer. */
  beyond: number;
}

/**
 * The findings in an answer.
 * @param answer JSON that fits `FINDINGS_SCHEMA`
 * @returns undefined if it is something else
 */
export function checkedFindings(answer: string, scope: ReviewScope): Checked | undefined {
  const given = findingsIn(answer);
  if (given === undefined) return undefined;
  const placed = given.flatMap((finding) => {
    const file = fileOf(finding.file, scope);
    return file !== undefined && finding.line >= 1 && finding.line <= (scope.files[file] ?? 0)
      ? [{ ...finding, file, claim: finding.claim.trim() }]
      : [];
  });
  const worst = placed.sort((a, b) => rankOf(a.severity) - rankOf(b.severity)).slice(0, FINDINGS_MAX);
  return { findings: worst, dropped: given.length - placed.length, beyond: placed.length - worst.length };
}

function findingsIn(answer: string): Finding[] | undefined {
  const value = parsed(answer);
  const found = isObject(value) ? value.findings : undefined;
  return Array.isArray(found) && found.every(isFinding) ? found.map(only) : undefined;
}

function isFinding(value: unknown): value is Finding {
  if (!isObject(value)) return false;
  const { file, line, severity, claim, evidence } = value;
  const texts = [file, claim, evidence].every((text) => typeof text === 'string');
  return texts && Number.isSafeInteger(line) && SEVERITIES.some((each) => each === severity);
}

function only({ file, line, severity, claim, evidence }: Finding): Finding {
  return { file, line, severity, claim, evidence };
}

/** The file under review that a reviewer means; undefined for any other. */
function fileOf(named: string, { files, folder }: ReviewScope): string | undefined {
  const has = (file: string) => Object.hasOwn(files, file);
  if (has(named)) return named;
  // As it was shown; see shownPath.
  if (named.startsWith('"')) return [parsed(named)].filter((file) => typeof file === 'string').find(has);
  const inside = named.startsWith(`${folder}/`) ? named.slice(folder.length + 1) : named;
  const plain = posix.normalize(inside);
  // Some name it as a diff does.
  return [plain, plain.replace(/^[ab]\//, '')].find(has);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
