import { describe, expect, it } from "vitest";
import { bytes, clock, feeling, lastNotAbove, percent, signed } from "../src/text";

describe("text", () => {
  it("writes times as players do", () => {
    expect([clock(75.25), clock(75.25, 1), clock(3725), clock(59.99)]).toEqual([
      "1:15",
      "1:15.2",
      "1:02:05",
      "0:59",
    ]);
    expect(clock(-1)).toBe("0:00");
  });

  it("writes figures", () => {
    expect([percent(0.714), signed(0.351), signed(-0.2), signed(-0.001)]).toEqual([
      "71%",
      "+0.35",
      "−0.20",
      "+0.00",
    ]);
  });

  it("says when a feeling is uncertain", () => {
    expect(feeling({ emotion: "sad", confidence: 0.3 })).toBe("sad?");
    expect(feeling({ emotion: "sad", confidence: 0.4 })).toBe("sad");
    expect(feeling({ emotion: null, confidence: 0 })).toBe("no label");
  });

  it("finds places in sorted lists", () => {
    const list = [1, 2, 2, 5];
    const found = [0, 1, 2, 4, 9].map((value) => lastNotAbove(4, value, (k) => list[k] ?? 0));
    expect(found).toEqual([-1, 0, 2, 2, 3]);
  });

  it("reads base64", () => {
    expect([...bytes("AP8Q")]).toEqual([0, 255, 16]);
  });
});
