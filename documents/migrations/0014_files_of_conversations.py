"""A kind of data source for the files of one conversation."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0013_postings_of_terms"),
    ]

    operations = [
        migrations.AlterField(
            model_name="datasource",
            name="kind",
            field=models.CharField(
                choices=[
                    ("upload", "Uploads"),
                    ("folder", "Folder"),
                    ("website", "Website"),
                    ("s3", "S3 bucket"),
                    ("git", "Git repository"),
                    ("postgres", "PostgreSQL query"),
                    ("notion", "Notion"),
                    ("attached", "Files of a conversation"),
                ],
                default="upload",
                editable=False,
                max_length=20,
            ),
        ),
    ]
