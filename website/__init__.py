"""How the documentation site is made: what MkDocs calls while it builds, the diagrams, the notebooks."""
