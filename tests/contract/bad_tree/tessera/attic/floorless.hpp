// defect
