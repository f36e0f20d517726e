const SAYS = /[\p{L}\p{N}]/u;

/**
 * Find each word in the text that is made of them: the places before its first letter and behind its last.
 *
 * Recognisers leave marks out of the words or leave them on, and not every language puts spaces between words, so a
 * text can't be had from its words alone. Nothing is given where the text says something else than the words.
 */
export function wordPlaces(text: string, words: { text: string }[]): [number, number][] {
  const places: [number, number][] = [];
  let at = 0;
  for (const word of words) {
    const name = word.text.trim();
    const found = text.indexOf(name, at);
    if (found < 0 || SAYS.test(text.slice(at, found))) return [];
    at = found + name.length;
    places.push([found, at]);
  }
  return SAYS.test(text.slice(at)) ? [] : places;
}
