/** `512 B`, `4.0 KB`, `1.5 GB`, by powers of 1,024. */
export function sizeText(sizeBytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, sizeBytes < 1 ? 0 : Math.floor(Math.log2(sizeBytes) / 10));
  return `${(sizeBytes / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
