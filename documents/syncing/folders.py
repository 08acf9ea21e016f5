"""What connectors keep on this machine, such as a clone, is removed when its source is gone."""

from documents.connectors import forget, remembered
from documents.models import DataSource


def sweep_folders() -> int:
    """Remove what belongs to no data source; how many were removed."""
    sources = {str(key) for key in DataSource.objects.values_list("pk", flat=True)}
    unnamed = [key for key in remembered() if key not in sources]
    for key in unnamed:
        forget(key)
    return len(unnamed)
