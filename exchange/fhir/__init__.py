"""FHIR R4 resources to and from the clinical nouns."""
