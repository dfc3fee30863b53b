// The JSON that an answer is. Models put it into a code fence and a sentence before it, whatever they were told. Text is a
// stranger's: each character is looked at a fixed number of times.

/** How an object begins that is worth a look. In prose, `{}` and `{name}` are words, and an object in a list is no answer. */
const OPENING = /\{\s*"|\[\s*\{/g;

/** All of it, the one code fence that it is, or the one object that stands among its words; else why there is none. */
export function valueIn(text: string): { value: unknown } | { misfit: string } {
  const whole = parsed(unfenced(text));
  if (whole !== undefined) return { value: whole };
  const [only, ...others] = objectsIn(text);
  if (only === undefined) return { misfit: 'it is not JSON.' };
  return others.length > 0 ? { misfit: 'more than one JSON object stands in it.' } : { value: only };
}

function unfenced(text: string): string {
  return /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text)?.[1] ?? text;
}

function objectsIn(text: string): unknown[] {
  const found: unknown[] = [];
  const opening = new RegExp(OPENING);
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const end = endOf(text, match.index);
    // What is never closed holds all that comes after it: a part of it is not the answer.
    if (end === undefined) break;
    const value = text[match.index] === '{' ? parsed(text.slice(match.index, end)) : undefined;
    if (value !== undefined) found.push(value);
    opening.lastIndex = end;
  }
  return found;
}

/** Behind the bracket that closes the one at `from`; undefined if none does. Brackets in strings are text. */
function endOf(text: string, from: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

/** Undefined for what is no JSON, which has no such value. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
