// Findings of several reviewers as one list. Pure, and the same whoever comes first: what is alike goes together, by
// however many steps, and nothing is lost.
import { alike, NEAR_LINES, type Worded, worded } from './alike.js';
import { compareFindings, compareTexts, type Finding, rankOf } from './finding.js';

/** A finding, and whose it is. */
export interface Source extends Finding {
  reviewer: string;
}

/** What reviewers have found in one place; as the worst of them has put it. */
export interface Merged extends Finding {
  /** Reviewers, each once, in the order of their names. */
  agreedBy: readonly string[];
  /** All that went into it, itself included. */
  sources: readonly Source[];
}

/** The worst first; then what more reviewers agree on; then by place. */
export function mergeFindings(findings: readonly Source[]): Merged[] {
  const once = new Map(findings.map((source) => [keyOf(source), source]));
  const ordered = [...once.values()].sort(compareSources).map(worded);
  return groupsOf(ordered).map(mergedOf).sort(compareMerged);
}

function keyOf({ reviewer, file, line, severity, claim, evidence }: Source): string {
  return JSON.stringify([reviewer, file, line, severity, claim, evidence]);
}

function compareSources(a: Source, b: Source): number {
  return compareFindings(a, b) || compareTexts(a.reviewer, b.reviewer);
}

type Item = Source & Worded;

/** The connected parts, where what is alike is connected: no order of looking can change them. */
function groupsOf(ordered: readonly Item[]): Item[][] {
  const parent = ordered.map((_, index) => index);
  const rootOf = (index: number): number => {
    const above = parent[index] as number;
    if (above === index) return index;
    const root = rootOf(above);
    parent[index] = root;
    return root;
  };
  for (const [index, finding] of ordered.entries()) {
    // Ordered by file and line: those that may be alike stand just before it.
    for (let before = index - 1; before >= 0; before -= 1) {
      const other = ordered[before] as Item;
      if (other.file !== finding.file || finding.line - other.line > NEAR_LINES) break;
      if (alike(other, finding)) parent[rootOf(index)] = rootOf(before);
    }
  }
  const groups = new Map<number, Item[]>();
  for (const [index, finding] of ordered.entries()) {
    const root = rootOf(index);
    groups.set(root, [...(groups.get(root) ?? []), finding]);
  }
  return [...groups.values()];
}

function mergedOf(items: readonly Item[]): Merged {
  const sources = items.map(({ words: _, quote: __, ...source }) => source);
  const [worst] = [...sources].sort((a, b) => rankOf(a.severity) - rankOf(b.severity) || compareSources(a, b));
  const { reviewer: _, ...finding } = worst as Source;
  return { ...finding, agreedBy: [...new Set(sources.map(({ reviewer }) => reviewer))].sort(compareTexts), sources };
}

function compareMerged(a: Merged, b: Merged): number {
  return rankOf(a.severity) - rankOf(b.severity) || b.agreedBy.length - a.agreedBy.length || compareFindings(a, b);
}
