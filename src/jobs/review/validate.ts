// What a reviewer has answered, without what cannot be: files that are not under review, lines that they do not have.
import { posix } from 'node:path';
import { isObject } from '../../providers/json.js';
import { type Finding, rankOf, SEVERITIES } from './finding.js';

/** Of one reviewer; the worst are kept. */
const FINDINGS_MAX = 300;
/** Files outside the changes that one answer may name. */
const ELSEWHERE_MAX = 50;

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
  /** Findings that were dropped: no such file, or no such line in it. */
  dropped: number;
  /** Beyond what is kept of one reviewer. */
  beyond: number;
}

/** Files that an answer names in the folder, and that have not changed: changes in one place break another. */
export function namedElsewhere(answer: string, scope: ReviewScope): string[] {
  const named = (findingsIn(answer) ?? []).flatMap(({ file }) => {
    const plain = plainPath(file, scope);
    const inside = plain !== '' && plain !== '..' && !plain.startsWith('../') && !posix.isAbsolute(plain);
    return inside && !plain.includes('\0') && fileOf(file, scope) === undefined ? [plain] : [];
  });
  return [...new Set(named)].slice(0, ELSEWHERE_MAX);
}

/**
 * The findings in an answer.
 * @param answer JSON that fits `FINDINGS_SCHEMA`
 * @param elsewhere how many lines the files have that `namedElsewhere` tells, as far as they exist
 * @returns undefined if it is something else
 */
export function checkedFindings(
  answer: string,
  scope: ReviewScope,
  elsewhere: ReadonlyMap<string, number> = new Map(),
): Checked | undefined {
  const given = findingsIn(answer);
  if (given === undefined) return undefined;
  const placed = given.flatMap((finding) => {
    const changed = fileOf(finding.file, scope);
    const file = changed ?? plainPath(finding.file, scope);
    const lines = changed === undefined ? elsewhere.get(file) : scope.files[changed];
    return finding.line >= 1 && finding.line <= (lines ?? 0) ? [{ ...finding, file, claim: finding.claim.trim() }] : [];
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
  const plain = plainPath(named, { folder });
  // Some name it as a diff does.
  return [plain, plain.replace(/^[ab]\//, '')].find(has);
}

/** As it is named from the folder. */
function plainPath(named: string, { folder }: Pick<ReviewScope, 'folder'>): string {
  return posix.normalize(named.startsWith(`${folder}/`) ? named.slice(folder.length + 1) : named);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
