// Fair shares of a limited room.

/** Shares a total among texts of these sizes: short ones leave what they do not need to the long ones. */
export function shareOut(sizes: readonly number[], total: number): number[] {
  const shares = sizes.map(() => 0);
  const shortestFirst = [...sizes.keys()].sort((a, b) => (sizes[a] ?? 0) - (sizes[b] ?? 0));
  let left = total;
  for (const [done, index] of shortestFirst.entries()) {
    const share = Math.min(sizes[index] ?? 0, Math.floor(left / (sizes.length - done)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}
