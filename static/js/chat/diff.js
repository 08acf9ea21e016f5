/** What changed between two texts, by words. Pure. */

const LONGEST_TABLE = 4_000_000;

function words(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

function joined(pieces) {
  const result = [];
  for (const [kind, text] of pieces) {
    if (result.length && result.at(-1)[0] === kind) {
      result.at(-1)[1] += text;
    } else {
      result.push([kind, text]);
    }
  }
  return result;
}

/** Pieces of the change from `before` to `after`, in order: ["same" | "gone" | "new", text]. By the longest common
 * subsequence of words; texts too long for its table are given as wholly replaced between their common ends. */
export function diffWords(before, after) {
  const a = words(before);
  const b = words(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) {
    start += 1;
  }
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) {
    end += 1;
  }
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  const middle =
    left.length * right.length > LONGEST_TABLE
      ? [
          ["gone", left.join("")],
          ["new", right.join("")],
        ]
      : align(left, right);
  const pieces = [["same", a.slice(0, start).join("")], ...middle, ["same", end ? a.slice(-end).join("") : ""]];
  return joined(pieces.filter(([, text]) => text));
}

function align(a, b) {
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      length[i * width + j] =
        a[i] === b[j] ? length[(i + 1) * width + j + 1] + 1 : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  const pieces = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pieces.push(["same", a[i]]);
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && length[(i + 1) * width + j] >= length[i * width + j + 1])) {
      pieces.push(["gone", a[i]]);
      i += 1;
    } else {
      pieces.push(["new", b[j]]);
      j += 1;
    }
  }
  return pieces;
}
