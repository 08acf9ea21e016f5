/** The dialog that says who sees a document. */

import { showReaders } from "./readers.js";

showReaders(document.querySelector("[data-sharing]"));
