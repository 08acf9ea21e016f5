"""Makes the two demo documents that are not text: the incident report as PDF, the onboarding guide as DOCX.

    pip install reportlab==5.1.0 python-docx==1.2.0
    python scripts/make_demo_files.py

reportlab (BSD) is needed here and nowhere else. The same script always gives the same bytes.
"""

import datetime
import io
import zipfile
from pathlib import Path

from docx import Document
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

FOLDER = Path(__file__).resolve().parent.parent / "demo" / "documents"
MADE = datetime.datetime(2026, 1, 15, 9, 0, tzinfo=datetime.UTC)

REPORT_TITLE = "Incident report: loss of power on MV Razorbill"
REPORT: list[tuple[str, str]] = [
    (
        "text",
        "Report 2025-07 of the safety department. Incident of 18 November 2025. Author: Signe Halloran, safety "
        "manager. Accepted by Maren Tulloch on 12 January 2026.",
    ),
    ("heading", "Summary"),
    (
        "text",
        "On Tuesday, 18 November 2025, at 17:42, MV Razorbill lost all electrical power on the way from Port Ardle "
        "to Inchmore. There were 83 passengers, 21 cars and 11 crew on board. The ship drifted for 19 minutes until "
        "the crew restarted generator 2. She reached Inchmore at 18:51 under her own power, 54 minutes late. Nobody "
        "was hurt. One car was scratched by a loose wheel chock.",
    ),
    ("heading", "Course of events"),
    (
        "text",
        "The wind was south-west at 13 m/s, with waves of 1.8 m. The ship had left Port Ardle on time at 17:12 with "
        "generator 1 in use and generator 2 on standby. The table follows the log of the bridge and the alarm list "
        "of the engine control room.",
    ),
    ("timeline", ""),
    (
        "text",
        "During the drift the ship moved 0.6 nautical miles towards the Carrick shoal. When power returned, 1.1 "
        "nautical miles of clear water were left. The anchor was ready to be dropped from 17:49.",
    ),
    ("heading", "Cause"),
    (
        "text",
        "The loss of power was caused by a fuel filter clogged with water and sludge, which starved generator 1. The "
        "filter had been in use for 612 hours, although the maintenance plan asks for a change after 500 hours. The "
        "change had been entered in the plan for 9 November and was put off because the spare filters had not been "
        "delivered.",
    ),
    (
        "text",
        "Generator 2 did not start by itself because its start battery had been disconnected during work on 16 "
        "November and had not been connected again. The checklist for the end of the work has no line for it. The "
        "emergency generator supplied lighting and radio from 17:43 on, as it should.",
    ),
    ("heading", "How the crew dealt with it"),
    (
        "text",
        "Captain Ewan Sinclair informed the coastguard at 17:45 and the duty office at 17:47. Passengers were told "
        "at 17:46 and every five minutes from then on. The lifeboat from Inchmore stood by from 18:08. Second "
        "engineer Noor Haddad found the disconnected battery at 17:58. The inquiry finds that the crew acted "
        "correctly and calmly.",
    ),
    ("heading", "Recommendations"),
    (
        "text",
        "1. Fit a pressure sensor on each fuel filter, with an alarm on the bridge. Fleet office, by 31 March 2026.",
    ),
    (
        "text",
        "2. Add the start battery to the checklist for the end of work on generators. Fleet office, done on 1 "
        "December 2025.",
    ),
    (
        "text",
        "3. Keep six spare fuel filters on every ship. When fewer than three are left, the ship does not sail "
        "without the consent of the superintendent. Fleet office, by 28 February 2026.",
    ),
    ("text", "4. Secure wheel chocks with a lanyard. Masters of all ships, by 31 January 2026."),
    ("text", "5. Practise a black-out on every ship twice a year, once of them in the dark. Safety department."),
    ("heading", "Costs"),
    (
        "text",
        "Refunds to passengers came to £1,046, the repair of the car to £730 and the work on both generators to "
        "£8,920. The two sailings cancelled that evening cost about £2,300 in lost fares.",
    ),
    ("heading", "Follow-up"),
    (
        "text",
        "The fuel tank was cleaned on 22 November; 140 litres of water were removed. It had come in through a worn "
        "seal of the deck filler. The seals of MV Kittiwake, which has the same fuel system, were checked on 25 "
        "November and found in good order. The safety department will look at the effect of the measures in "
        "September 2026.",
    ),
]
TIMELINE = [
    ("Time", "Event"),
    ("17:31", "Alarm in the engine control room: low fuel pressure, generator 1."),
    ("17:38", "Frequency falls to 47 Hz. The second engineer goes to the filter."),
    ("17:42", "Generator 1 stops. All electrical power is lost; both propellers stop."),
    ("17:43", "The emergency generator starts."),
    ("17:45", "Call to the coastguard."),
    ("17:49", "The anchor party reports ready."),
    ("17:58", "The start battery of generator 2 is found disconnected."),
    ("18:01", "Generator 2 runs. Steering and propulsion are available again."),
    ("18:08", "The Inchmore lifeboat arrives and goes along."),
    ("18:51", "The ship is moored in Inchmore."),
]

GUIDE_TITLE = "Onboarding guide for new colleagues"
GUIDE: list[tuple[str, str]] = [
    (
        "text",
        "Welcome to Skerry Line. This guide takes you through your first three months. Your buddy, an experienced "
        "colleague from another team, knows it by heart; ask whenever something is unclear. Written by People and "
        "Culture, October 2025.",
    ),
    ("heading", "Before you start"),
    (
        "text",
        "Two weeks before your first day you receive a letter with the contract, the uniform form and the date of "
        "your medical. Send back the tax form and a passport photograph for the staff card. Crew also send a copy "
        "of their certificates of competency.",
    ),
    ("heading", "Your first day"),
    ("item", "Come to Harbour House at 09:00. Reception knows your name."),
    ("item", "Collect staff card, keys and laptop. The service desk sets up your hardware key with you."),
    ("item", "Have lunch with your buddy; the company pays."),
    ("item", "At 14:00 you join the tour of the port, which ends on the bridge of a ship."),
    ("heading", "Your first week"),
    (
        "text",
        "The safety induction must be completed within your first five working days. It lasts four hours and takes "
        "place every Tuesday and Thursday at 13:00 in the training room on Quay 3. Without it nobody may enter a car "
        "deck or an engine room. Crew do the familiarisation of their own ship as well, before the first sailing.",
    ),
    (
        "text",
        "Each newcomer spends one day on another job. Office staff help at a ticket desk or on a sailing to Sulla; "
        "crew spend a morning in the planning office. Your manager arranges it.",
    ),
    ("heading", "Your first month"),
    ("table", ""),
    (
        "text",
        "At the end of the month you talk with your manager for an hour: what is clear, what is not, what should "
        "change. Please say what surprised you. Newcomers see things that the rest of us have stopped seeing.",
    ),
    ("heading", "Your first three months"),
    (
        "text",
        "By week eight you have met each head of department at the newcomers' breakfast, which is held on the first "
        "Monday of the month at 08:30. By week twelve your manager and you have agreed on up to four goals for the "
        "year. Office staff can work remotely from then on.",
    ),
    (
        "text",
        "If you recommend a friend who stays for more than six months, you receive £400. Most of our best crew came "
        "that way.",
    ),
    ("heading", "Whom to ask"),
    ("item", "Contract and pay: Idris Fenwick, extension 210"),
    ("item", "Laptop, phone and accounts: service desk, extension 300"),
    ("item", "Uniform: Bridie Connell, store on Quay 3, open from 07:00 to 11:00"),
    ("item", "Everything else: your buddy"),
]
COURSES = [
    ("Course", "For whom", "Length", "By the end of"),
    ("IT security", "everyone", "40 minutes", "week 4"),
    ("First aid", "crew and terminals", "2 days", "week 6"),
    ("Helping passengers with disabilities", "crew and terminals", "3 hours", "week 4"),
    ("Boarding app", "terminals", "2 hours", "week 1"),
    ("Crisis communication", "masters, duty office", "1 day", "week 12"),
]


def make_report(path: Path) -> None:
    """Write the incident report as a PDF of two pages or more, with headings, paragraphs and a table."""
    styles = getSampleStyleSheet()
    body = ParagraphStyle("body", parent=styles["BodyText"], fontSize=11, leading=16, spaceAfter=7)
    story: list[Flowable] = [Paragraph(REPORT_TITLE, styles["Title"]), Spacer(1, 4 * mm)]
    for kind, text in REPORT:
        if kind == "timeline":
            rows = [[Paragraph(cell, body) for cell in row] for row in TIMELINE]
            table = Table(rows, colWidths=[22 * mm, 138 * mm], repeatRows=1)
            lines = [("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)]
            table.setStyle(TableStyle([*lines, ("VALIGN", (0, 0), (-1, -1), "TOP")]))
            story += [table, Spacer(1, 4 * mm)]
        else:
            story.append(Paragraph(text, styles["Heading2"] if kind == "heading" else body))
    template = SimpleDocTemplate(
        str(path),
        pagesize=A4,
        leftMargin=25 * mm,
        rightMargin=25 * mm,
        topMargin=24 * mm,
        bottomMargin=24 * mm,
        title=REPORT_TITLE,
        author="Skerry Line, safety department",
        invariant=1,
    )
    template.build(story)


def make_guide(path: Path) -> None:
    """Write the onboarding guide as DOCX with headings, a list and a table."""
    document = Document()
    document.core_properties.title = GUIDE_TITLE
    document.core_properties.author = "Skerry Line, People and Culture"
    document.core_properties.created = document.core_properties.modified = MADE.replace(tzinfo=None)
    document.add_heading(GUIDE_TITLE, level=0)
    for kind, text in GUIDE:
        if kind == "heading":
            document.add_heading(text, level=1)
        elif kind == "item":
            document.add_paragraph(text, style="List Bullet")
        elif kind == "table":
            table = document.add_table(rows=0, cols=len(COURSES[0]), style="Table Grid")
            for row in COURSES:
                for cell, value in zip(table.add_row().cells, row, strict=True):
                    cell.text = value
        else:
            document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    # The archive's members carry the time of writing; give them one of their own so that the bytes stay the same.
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, MADE.timetuple()[:6])
            target.writestr(member, source.read(name), zipfile.ZIP_DEFLATED)


def main() -> None:
    """Write both files."""
    make_report(FOLDER / "incident-report-2025-07.pdf")
    make_guide(FOLDER / "onboarding-guide.docx")


if __name__ == "__main__":
    main()
