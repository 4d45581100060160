/** `124,300`: the same in every locale, for scripts and tests. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}
