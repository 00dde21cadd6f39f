"""Run inside a virtual environment of its own: texts in, one a JSON line; spans that Presidio finds out, and its time.

Its English pipeline with all recognisers that it loads by default, and its default threshold.
"""

import json
import sys
import time
from pathlib import Path

import spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider, SpacyNlpEngine


def analyzer(model):
    if model:
        models = [{"lang_code": "en", "model_name": model}]
        engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
        return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    class Blank(SpacyNlpEngine):
        def __init__(self):
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

    return AnalyzerEngine(nlp_engine=Blank(), supported_languages=["en"])


def main() -> None:
    source, target, *model = sys.argv[1:]
    engine = analyzer(model[0] if model else None)
    texts = json.loads(Path(source).read_text())
    engine.analyze("warm up", "en")
    begin = time.perf_counter()
    spans = [[[found.start, found.end, found.entity_type] for found in engine.analyze(text, "en")] for text in texts]
    Path(target).write_text(json.dumps({"spans": spans, "seconds": time.perf_counter() - begin}))


main()
