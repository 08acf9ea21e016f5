"""All settings of Footnote; each section reads its part of the environment.

The sections depend on one another in this order: base, services, accounts, security, files, logs.
"""

import django_stubs_ext

from config.settings.base import *
from config.settings.services import *
from config.settings.sign_in import *
from config.settings.security import *
from config.settings.files import *
from config.settings.logs import *

# Lets classes name what they hold (``ModelAdmin[User]``) where Django's own class takes no parameter at run time.
django_stubs_ext.monkeypatch()
