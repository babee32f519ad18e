"""What MkDocs calls while it builds the site."""

from mkdocs.structure.files import File

from website import api, include, pages_of_notebooks


def on_files(files, config):
    """Pages made of the executed notebooks, their pictures, and those of included documents."""
    for path, content in [*pages_of_notebooks.pages(), *include.pictures()]:
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown, page, config, files):
    """Tables of the repository's other documents, and the public names, where a page asks for them."""
    return api.fill(include.fill(markdown))
