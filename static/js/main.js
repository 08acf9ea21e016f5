/** What every page needs: the frame, toasts, dialogs, tabs, forms, copy buttons and shortcuts. */

import "./chat/conversation_menu.js";
import "./copy.js";
import "./dialogs.js";
import "./forms.js";
import "./frame.js";
import "./installable.js";
import "./shortcuts.js";
import "./tabs.js";
import "./theme.js";
import "./toasts.js";
