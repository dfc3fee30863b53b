#!/usr/bin/env node
// The very first code: checks the Node version before anything native or new is loaded.
import { keepCompiledCode } from './compile-cache.js';

const NEEDED = [22, 14] as const;

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

if (isRecent(process.versions.node)) {
  keepCompiledCode();
  await import('./main.js');
} else {
  const { leaveOldNode } = await import('./old-node.js');
  leaveOldNode(NEEDED.join('.'));
}
