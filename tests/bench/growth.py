def run(material, programs, quick): pass
