/** Text from others (notes, failures, property names) as one line that cannot drive the terminal. */
export function plainLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
