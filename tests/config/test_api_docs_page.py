"""The documentation page of the API works in a browser under the site's own policy."""


def test_the_page_draws_every_endpoint_and_breaks_no_policy(server, browser):
    context = browser.new_context()
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}/api/v1/docs")
    page.get_by_text("/api/v1/answers", exact=True).first.wait_for(timeout=20_000)
    context.close()
    assert complaints == []


def test_the_sign_in_page_loads_without_complaints(server, browser):
    context = browser.new_context()
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto(f"{server.url}/", wait_until="networkidle")
    assert "/accounts/login/" in page.url
    context.close()
    assert complaints == []
