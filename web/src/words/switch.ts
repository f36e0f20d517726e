/** The switch that has words written down, and what belongs to it; disabled, with the reason, where there are none. */

import type { About, Options } from "../api";
import { find, make } from "../dom";

/** What is offered where the server doesn't say which languages it understands. */
const COMMON =
  "ar bn cs da de el en es fa fi fr he hi hu id it ja ko ms nl no pl pt ro ru sv sw ta th tr uk ur vi zh";

const nameOf = new Intl.DisplayNames(["en"], { type: "language" });

function languageName(code: string): string {
  try {
    return nameOf.of(code) ?? code;
  } catch {
    return code; // none that this browser takes for one
  }
}

function languages(known: string[]): HTMLOptionElement[] {
  const codes = known.length ? known : COMMON.split(" ");
  const named = codes.map((code) => ({ code, name: languageName(code) }));
  named.sort((a, b) => a.name.localeCompare(b.name));
  const options = named.map(({ code, name }) => make("option", { value: code }, name));
  // Where there is but one, nothing is detected.
  return known.length === 1 ? options : [make("option", { value: "" }, "detected"), ...options];
}

function check(text: string): { label: HTMLLabelElement; input: HTMLInputElement } {
  const input = make("input", { type: "checkbox" });
  return { label: make("label", { class: "check" }, input, text), input };
}

export class WordSwitch {
  private readonly frame: HTMLFieldSetElement;
  private readonly words = check("Write down what is said");
  private readonly english = check("Into English, too");
  private readonly masked = check("Mask names and numbers");
  private readonly language = make("select");

  /** Put the switch into an element of the page. */
  constructor(
    id: string,
    private readonly offer: About["words"],
  ) {
    const { available, reason, transcriber, fallback, translator } = offer;
    this.language.replaceChildren(...languages(offer.languages));
    this.words.input.disabled = !available;
    this.english.input.checked = true;
    const more = make(
      "span",
      { class: "more" },
      make("label", {}, "Language ", this.language),
      translator !== null && this.english.label,
      this.masked.label,
    );
    more.hidden = true;
    this.words.input.addEventListener("change", () => {
      more.hidden = !this.words.input.checked;
    });
    const told = make("p", { class: "faint", id: `${id}-told` });
    this.words.input.setAttribute("aria-describedby", told.id);
    if (!available) told.textContent = `Not here: ${reason}`;
    else {
      const better = "a server started with --transcriber whisper:small does better";
      const doubt = fallback ? `, which mishears many words: ${better}` : "";
      told.textContent = `By ${transcriber}${doubt}.`;
    }
    this.frame = make(
      "fieldset",
      { class: "words-switch" },
      make("legend", { class: "unseen" }, "Words"),
      this.words.label,
      more,
      told,
    );
    find(id).replaceChildren(this.frame);
  }

  /** What to ask the server for. */
  get options(): Options {
    if (!this.offer.available || !this.words.input.checked) return {};
    return {
      words: true,
      language: this.language.value || undefined,
      translate: this.offer.translator !== null && !this.english.input.checked ? false : undefined,
      redact: this.masked.input.checked || undefined,
    };
  }

  /** Hold the choice while what was chosen is at work. */
  set held(held: boolean) {
    this.frame.disabled = held;
  }
}
